/** The board of many runs as an anywidget module. */

import { widget } from "../snapshot";
import { mount } from "./board";

export default widget(mount);
