// What book/network/make.py wrote, as it lies in network.json, and its packed numbers unpacked.

import type { Maps, Step } from "./scores.ts";

export interface Axis { start: number; seen: [number, number][] }
export interface Layer { name: string; stride: number; field: number; rows: Axis; cols: Axis }
export interface ScoreMap { size: [number, number]; stride: number; field: number; steps: Step[] }
export interface Network { title: string; maps: Record<string, ScoreMap>; mean_iu: number }
export interface Packed { unit: number; values: string }
export interface Seen { maps: Record<string, Packed>; field: string; squares: number[] }
export interface Photo { number: number; photo: string; truth: string; networks: Record<string, Seen> }

export interface Page {
  base: string; // the address of the folder with the pictures
  width: number;
  height: number;
  step: number; // pixels from one whose gradient was measured to the next
  block: number; // pixels of a side of what is one pixel in the pictures of gradients
  classes: { name: string; colour: [number, number, number] }[];
  layers: Layer[];
  networks: Record<string, Network>;
  photos: Photo[];
}

export const VOID = 255;

/** The class of each pixel, row by row, from runs (class, length), (class, length). */
export function truthOf(page: Page, photo: Photo): Uint8Array {
  const runs = bytes(photo.truth);
  const truth = new Uint8Array(page.width * page.height);
  let pixel = 0;
  for (let run = 0; run < runs.length; run += 2) {
    truth.fill(runs[run]!, pixel, (pixel += runs[run + 1]!));
  }
  return truth;
}

/** A score map as numbers. */
export function unpacked(page: Page, network: string, photo: Photo, name: string): Maps {
  const { unit, values } = photo.networks[network]!.maps[name]!;
  const [height, width] = page.networks[network]!.maps[name]!.size;
  const integers = new DataView(bytes(values).buffer);
  const length = integers.byteLength / 2;
  const scores = Float32Array.from({ length }, (_, i) => unit * integers.getInt16(2 * i, true));
  return { channels: page.classes.length, height, width, values: scores };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
