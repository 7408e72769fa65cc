// The photo with what a network says of it, and over it the pixel, what it sees, and the grid of the layer.

import { computed } from "@preact/signals";
import type { Layer } from "../data.ts";
import { classes, heat, heatGradient } from "../paint.ts";
import {
  chosen, className, EVERY, GRADIENT, heatmap, held, labels, lens, measured, move, network, now, page, percent, photo,
  pixel, shown, TRUTH, truthThere,
} from "../store.ts";
import { Canvas } from "./canvas.tsx";

const { width, height } = page;
const WAYS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const grey = computed(() => chosen.value !== EVERY || lens.value === GRADIENT); // the photo below other colours
const laid = computed(() => (chosen.value === EVERY ? classes(labels.value) : heat(heatmap.value)));

export function Picture() {
  const { x, y } = pixel.value;
  return (
    <figure class="picture">
      <div
        class="stack"
        role="application"
        tabIndex={0}
        aria-label="The photo. Arrow keys go from pixel to pixel, with Shift ten at a time; Escape lets the pixel go."
        aria-describedby="network-readout"
        style={{ aspectRatio: `${width} / ${height}` }}
        onPointerMove={(event) => !held.value && point(event)}
        onPointerDown={hold}
        onKeyDown={key}
      >
        <img src={page.base + photo.value.photo} class={grey.value ? "grey" : ""} alt={described()} />
        {lens.value === GRADIENT ? <Gradient /> : <Canvas painter={laid.value} />}
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          <Lens />
          <path class="cross" d={`M${x + 0.5} ${y - 5}v4m0 3v4M${x - 5} ${y + 0.5}h4m3 0h4`} />
          <rect class="pixel" x={x} y={y} width="1" height="1" />
        </svg>
      </div>
      <figcaption>
        {chosen.value !== EVERY && lens.value !== GRADIENT && (
          <span class="scale">0 <i style={{ background: heatGradient }} /> 100 % {className(chosen.value)}</span>
        )}
        <span class="hint">{held.value ? "The pixel is held: click to let it go." : "Click to hold the pixel."}</span>
      </figcaption>
      <p id="network-readout" class="unseen" aria-live="polite">{readout()}</p>
    </figure>
  );
}

/** Light on the photo where the winning score of the nearest measured pixel depends on it. */
function Gradient() {
  const { col, row, x, y, side } = measured.value;
  const field = photo.value.networks[network.value]!.field;
  const style = {
    backgroundImage: `url("${page.base}${field}")`,
    backgroundSize: `${(width / page.step) * 100}% ${(height / page.step) * 100}%`,
    backgroundPosition: `${(100 * col) / (width / page.step - 1)}% ${(100 * row) / (height / page.step - 1)}%`,
  };
  return (
    <>
      <div class="gradient" style={style} />
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <rect class="field" x={x - side / 2} y={y - side / 2} width={side} height={side} />
      </svg>
    </>
  );
}

/** The receptive field of the layer's pixel that is the nearest, and where all its pixels lie. */
function Lens() {
  const layer = page.layers.find(({ name }) => name === lens.value);
  if (!layer) return null;
  const { left, top, right, bottom, dots } = over(layer, pixel.value);
  return (
    <>
      <path class="grid" d={dots} />
      <rect class="field" x={left} y={top} width={right - left + 1} height={bottom - top + 1} />
    </>
  );
}

/** What the pixel of a layer's map that is the nearest to a pixel sees, and dots where all have their centres. */
export function over(layer: Layer, { x, y }: { x: number; y: number }) {
  const nearest = (axis: Layer["rows"], place: number) => {
    const number = Math.round((place - axis.start) / layer.stride);
    return axis.seen[Math.max(0, Math.min(axis.seen.length - 1, number))]!;
  };
  const [left, right] = nearest(layer.cols, x);
  const [top, bottom] = nearest(layer.rows, y);
  let dots = "";
  if (layer.stride > 2) {
    layer.rows.seen.forEach((_, i) => layer.cols.seen.forEach((_, j) => {
      dots += `M${layer.cols.start + j * layer.stride + 0.5} ${layer.rows.start + i * layer.stride + 0.5}h0`;
    }));
  }
  return { left, right, top, bottom, dots };
}

function point(event: PointerEvent) {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const [right, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  move(Math.floor(right * width), Math.floor(down * height));
}

function hold(event: PointerEvent) {
  if (event.button !== 0) return; // another button's: a menu, say
  point(event);
  held.value = event.pointerType === "mouse" ? !held.value : true;
}

function key(event: KeyboardEvent) {
  if (event.altKey || event.ctrlKey || event.metaKey) return; // the browser's: Alt+Left is back
  const way = WAYS[event.key];
  if (event.key === "Escape") held.value = false;
  if (!way) return;
  event.preventDefault();
  const far = event.shiftKey ? 10 : 1;
  held.value = true;
  move(pixel.value.x + far * way[0], pixel.value.y + far * way[1]);
}

function described(): string {
  const street = "A street in Cambridge, filmed from a car";
  if (lens.value === GRADIENT) return `${street}: what ${page.networks[network.value]!.title}'s score depends on`;
  const what = shown.value === TRUTH ? "drawn by hand" : `as ${page.networks[shown.value]!.title} sees it`;
  const which = chosen.value === EVERY ? "the classes laid over it" : `the class ${className(chosen.value)}`;
  return `${street}: ${which}, ${what}`;
}

function readout(): string {
  const { winner, shares } = now.value;
  const says = `${page.networks[network.value]!.title}: ${className(winner)}, ${percent(shares[winner]!)}`;
  return `Column ${pixel.value.x}, row ${pixel.value.y}. ${says}. Truth: ${className(truthThere.value)}.`;
}
