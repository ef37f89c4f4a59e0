import type { BoardView, View } from "../src/contract";

export function namesIn(folder: "views" | "boards"): string[];
export function readView(name: string): View;
export function readBoard(name: string): BoardView;
