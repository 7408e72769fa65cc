// How large the cells of maps and matrices can be, so that they fit the page's width.

import { useEffect, useRef, useState } from "preact/hooks";

const LARGEST = 40; // pixels of the screen
const PLEASANT = 26;
const SMALLEST = 11;

/** An element's width, followed as it changes. */
export function useWidth<T extends HTMLElement>() {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const measure = () => element.current && setWidth(element.current.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element.current!);
    measure();
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}

/** The side of a cell with which maps of these sizes, `gap` apart, take few lines and can still be pointed at. */
export function cellSide(width: number, sizes: readonly number[], gap: number): number {
  for (let lines = 1; ; lines++) {
    for (let side = LARGEST; side >= (lines < sizes.length ? PLEASANT : SMALLEST); side--) {
      if (linesOf(width, sizes, gap, side) <= lines) return side;
    }
    if (lines === sizes.length) return SMALLEST;
  }
}

function linesOf(width: number, sizes: readonly number[], gap: number, side: number): number {
  let [lines, at] = [1, 0];
  for (const size of sizes) {
    if (size * side > width) return Infinity;
    if (at && at + gap + size * side > width) [lines, at] = [lines + 1, 0];
    at += (at ? gap : 0) + size * side;
  }
  return lines;
}

/** The side of a matrix's cell. */
export function matrixSide(width: number, rows: number, cols: number, height: number): number {
  const side = Math.min(28, width / cols, Math.max(height, 220) / rows);
  return side >= 6 ? Math.floor(side) : Math.max(side, 0.5);
}
