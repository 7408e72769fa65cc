// What a chosen pixel lights up on each map: what is gathered, what is spread, and through which entry of the kernel.

import {
  reach, seenBy, sizes, stampOf, windowOf, type Pixel, type Setting, type Tap,
} from "./arithmetic.ts";
import type { Choice } from "./address.ts";
import { stretchedPlace, turnedWindow } from "./maps.ts";

/** A rectangle of cells; `example`: one of several that could be shown. */
export interface Frame {
  readonly row: number;
  readonly col: number;
  readonly height: number;
  readonly width: number;
  readonly example?: boolean;
}

/** One map's part: cells that meet an entry, and what is framed. In cells of the map as it is drawn. */
export interface Lit {
  readonly taps: readonly Tap[];
  readonly frames: readonly Frame[];
}

export interface Scene {
  readonly padded: Lit; // the convolution's input, with its padding
  readonly output: Lit; // what the convolution makes
  readonly small: Lit; // the same map, as the transpose's input
  readonly stretched: Lit; // that one with its zeros
  readonly large: Lit; // what the transpose makes
  readonly example: Pixel | null; // a pixel of the large map: one of those that the chosen one of the small map reaches
}

const DARK: Lit = { taps: [], frames: [] };
const NOTHING: Scene = { padded: DARK, output: DARK, small: DARK, stretched: DARK, large: DARK, example: null };

export function sceneOf(setting: Setting, choice: Choice | null): Scene {
  if (!choice || choice.map === "kernel") return NOTHING;
  const pixel: Pixel = [choice.row, choice.col];
  return choice.map === "small" ? spreading(setting, pixel) : gathering(setting, pixel);
}

/** A pixel of the small map: the window it was gathered from, and the stamp it spreads. */
function spreading(setting: Setting, pixel: Pixel): Scene {
  const { padding } = setting;
  const window = windowOf(setting, pixel);
  const stamp = stampOf(setting, pixel);
  const one = cell(pixel);
  const middle = stamp[Math.floor(stamp.length / 2)];
  const example: Pixel | null = middle ? [middle.row, middle.col] : null;
  const around = example ? turnedWindow(setting, example) : [];
  return {
    padded: { taps: moved(window, padding), frames: [framed(moved(window, padding), reach(setting))] },
    output: { taps: [], frames: [one] },
    small: { taps: [], frames: [one] },
    stretched: {
      taps: around,
      frames: [
        ...(example ? [{ ...framed(around, reach(setting)), example: true }] : []),
        cell(stretchedPlace(setting, pixel)),
      ],
    },
    large: {
      taps: stamp,
      frames: example ? [framed(stamp), { ...cell(example), example: true }] : [],
    },
    example,
  };
}

/** A pixel of the large map: the windows that saw it, and what the turned kernel gathers for it on the way back. */
function gathering(setting: Setting, pixel: Pixel): Scene {
  const seen = seenBy(setting, pixel);
  const around = turnedWindow(setting, pixel);
  return {
    padded: { taps: [], frames: [cell([pixel[0] + setting.padding, pixel[1] + setting.padding])] },
    output: { taps: seen, frames: [] },
    small: { taps: seen, frames: [] },
    stretched: { taps: around, frames: [framed(around, reach(setting))] },
    large: { taps: [], frames: [cell(pixel)] },
    example: null,
  };
}

/** The number of C's row (of C^T's column) and of C's column that a choice stands for. */
export function lines(setting: Setting, choice: Choice | null): { row: number | null; col: number | null } {
  if (!choice || choice.map === "kernel") return { row: null, col: null };
  if (choice.map === "small") return { row: choice.row * sizes(setting).output + choice.col, col: null };
  return { row: null, col: choice.row * setting.input + choice.col };
}

const cell = ([row, col]: Pixel): Frame => ({ row, col, height: 1, width: 1 });

const moved = (taps: readonly Tap[], by: number): Tap[] =>
  taps.map(({ row, col, entry }) => ({ row: row + by, col: col + by, entry }));

/** The frame around some taps, of a given side where they are a whole window. */
function framed(taps: readonly Tap[], side?: number): Frame {
  const rows = taps.map(({ row }) => row);
  const cols = taps.map(({ col }) => col);
  const [row, col] = [Math.min(...rows), Math.min(...cols)];
  return { row, col, height: side ?? Math.max(...rows) - row + 1, width: side ?? Math.max(...cols) - col + 1 };
}
