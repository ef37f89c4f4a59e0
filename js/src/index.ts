/** The run card as an anywidget module. */

import { mount } from "./card";
import { widget } from "./snapshot";

export default widget(mount);
