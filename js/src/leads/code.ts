/** The code that a card loads when its leads are shown for the first time. */
export { Foot } from "./foot";
export { LeadGrid } from "./lead_grid";
