// Names and numbers, as they are written everywhere on the page.

import { entryName } from "../arithmetic.ts";

/** x with the indices of a pixel below. */
export function Name({ letter, row, col }: { letter: string; row: number; col: number }) {
  return (
    <span class="name">
      <i>{letter}</i>
      <sub>{row > 9 || col > 9 ? `${row},${col}` : `${row}${col}`}</sub>
    </span>
  );
}

export function Weight({ entry, kernel }: { entry: number; kernel: number }) {
  return (
    <span class="name">
      <i>W</i>
      <sub>{entryName(entry, kernel)}</sub>
    </span>
  );
}

/** A number as short as it can be said: two decimals at most, and a real minus. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100).replace("-", "\u2212");
}

/** The same for a cell, six letters or so: of a longer one the whole number alone, or two digits and a power of ten. */
export function narrow(value: number): string {
  const text = [short(value), short(Math.round(value))].find(({ length }) => length <= 6);
  return text ?? value.toExponential(1).replace("e+", "e").replace("-", "\u2212");
}

export const plural = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;

/** 5 × 5 */
export const squared = (side: number): string => `${side} × ${side}`;
