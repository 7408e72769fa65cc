// How large the cells of maps and matrices can be, and whether both fit side by side.

import { useEffect, useRef, useState } from "preact/hooks";

// All in pixels of the screen.
export const GAP = 44; // between two maps, for a sign
export const READABLE = 14; // a matrix's cell, for its name
const LARGEST = 40; // a map's cell
const PLEASANT = 22; // one that is easy to point at
const SMALLEST = 11;
const TALL = 330; // a matrix
const TALLEST = 520; // one with names
const NARROWEST = 180; // a matrix with its title
const BETWEEN = 24; // maps and their matrix

/** An element's width, followed as it changes. */
export function useWidth<T extends HTMLElement>() {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    // Rounded down: the cells must not need a fraction more than there is.
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}

export interface Layout {
  readonly side: number; // of a map's cell
  readonly matrixWidth: number;
  readonly beside: boolean; // the matrix beside the maps, else below
}

/** The layout of maps of these sizes, and of a matrix with so many columns, in a width. */
export function layoutOf(width: number, sizes: readonly number[], cols: number): Layout {
  const named = cols * READABLE <= 0.57 * width;
  const wanted = Math.max(NARROWEST, named ? Math.min(cols * 20, 0.5 * width) : 0.46 * width);
  const least = Math.max(NARROWEST, named ? cols * READABLE : 0.3 * width);
  for (const lines of [1, 2]) {
    for (let matrixWidth = wanted; matrixWidth >= least - 10; matrixWidth -= 10) {
      const room = Math.max(matrixWidth, least);
      const side = widestSide(width - room - BETWEEN, sizes, lines);
      if (side >= PLEASANT) return { side, matrixWidth: room, beside: true };
    }
  }
  return { side: alone(width, sizes), matrixWidth: width, beside: false };
}

/** The side of a matrix's cell: large enough to read if that can be. */
export function matrixSide(width: number, rows: number, cols: number): number {
  const side = Math.min(28, width / cols, Math.max(TALL / rows, Math.min(READABLE, TALLEST / rows)));
  return side >= 6 ? Math.floor(side) : Math.max(side, 0.5);
}

function alone(width: number, sizes: readonly number[]): number {
  for (let lines = 1; lines < sizes.length; lines++) {
    const side = widestSide(width, sizes, lines);
    if (side >= PLEASANT) return side;
  }
  return Math.max(widestSide(width, sizes, sizes.length), SMALLEST);
}

/** The largest side with which the maps take so many lines at most; 0 where there is none. */
function widestSide(width: number, sizes: readonly number[], lines: number): number {
  for (let side = LARGEST; side >= SMALLEST; side--) if (linesOf(width, sizes, side) <= lines) return side;
  return 0;
}

/** Each map but the first has its sign before it, also at the beginning of a line. */
function linesOf(width: number, sizes: readonly number[], side: number): number {
  let [lines, at] = [1, 0];
  for (const [number, size] of sizes.entries()) {
    const needed = size * side + (number ? GAP : 0);
    if (needed > width) return Infinity;
    if (at + needed > width) [lines, at] = [lines + 1, 0];
    at += needed;
  }
  return lines;
}
