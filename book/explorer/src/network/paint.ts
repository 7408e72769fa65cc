// Numbers made colours, for canvases of the photo's size.

import { page } from "./store.ts";

// viridis
const HEAT = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const NEGATIVE = [0, 114, 178]; // Okabe and Ito's blue and vermillion, which the colour-blind tell apart
const POSITIVE = [213, 94, 0];
const LAID = 150; // of 255: how opaque classes lie on the photo

export type Painter = (paint: (pixel: number, red: number, green: number, blue: number, alpha: number) => void) => void;

/** Each class's colour, half transparent; nothing where the label is void. */
export function classes(labels: Uint8Array): Painter {
  return (paint) => labels.forEach((label, pixel) => {
    const { colour } = page.classes[label] ?? { colour: null };
    if (colour) paint(pixel, ...colour, LAID);
  });
}

/** Probabilities, from dark violet for 0 to yellow for 1, which hides more of the photo. */
export function heat(shares: Float32Array): Painter {
  const table = heatTable();
  return (paint) => shares.forEach((share, pixel) => {
    paint(pixel, ...table[Math.round(255 * share)]!, LAID + 60 * share);
  });
}

/** Scores of one class: vermillion above 0, blue below, nothing at 0; as opaque as large, up to `most`. */
export function signed(scores: Float32Array, most: number): Painter {
  return (paint) => scores.forEach((score, pixel) => {
    const [red, green, blue] = (score < 0 ? NEGATIVE : POSITIVE) as [number, number, number];
    paint(pixel, red, green, blue, Math.min(255, (255 * Math.abs(score)) / most));
  });
}

export const heatGradient = `linear-gradient(90deg, ${HEAT.join(", ")})`;

function heatTable(): [number, number, number][] {
  const stops = HEAT.map((text) => [1, 3, 5].map((start) => Number.parseInt(text.slice(start, start + 2), 16)));
  return Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (stops.length - 1);
    const [low, high] = [stops[Math.floor(place)]!, stops[Math.ceil(place)]!];
    return low.map((from, i) => from + (place % 1) * (high[i]! - from)) as [number, number, number];
  });
}
