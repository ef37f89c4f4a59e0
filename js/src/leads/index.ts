/** The grid of leads as an anywidget module. */

import { widget } from "../snapshot";
import { mount } from "./widget";

export default widget(mount);
