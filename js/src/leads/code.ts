/** What a card loads when its leads are looked at for the first time. */
export { leadGrid } from "./grid";
