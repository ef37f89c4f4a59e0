/** The code that a card loads when its leads are shown for the first time. */
export { LeadGrid } from "./lead_grid";
