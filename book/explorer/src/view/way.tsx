// What both ways have in common: a title, maps, their matrix beside them, and a line that tells the sum.

import type { ComponentChildren } from "preact";
import { choice, entries, image, large, numbers, setting, small, turned, weights, y } from "../store.ts";
import { sceneOf, type Scene } from "../scene.ts";
import { layoutOf, useWidth } from "./layout.ts";
import { MatrixOf } from "./matrices.tsx";
import { Longest, type Told } from "./readout.tsx";

interface WayProps {
  readonly id: string;
  readonly title: ComponentChildren;
  readonly lead: string;
  readonly sizes: readonly number[]; // of its maps
  readonly transposed: boolean;
  readonly readout: (told: Told) => ComponentChildren;
  readonly children: (side: number, scene: Scene) => ComponentChildren;
}

export function Way({ id, title, lead, sizes, transposed, readout: Readout, children }: WayProps) {
  const [pictures, width] = useWidth<HTMLDivElement>();
  const { side, matrixWidth, beside } = layoutOf(width, sizes, (transposed ? turned : entries).value[0]!.length);
  const scene = sceneOf(setting.value, choice.value);
  const told: Told = {
    setting: setting.value,
    choice: choice.value!,
    scene,
    weights: numbers.value ? weights.value : null,
    x: image.value,
    y: y.value,
    small: small.value,
    large: large.value,
  };
  return (
    <section class="way" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        {title} <small>{lead}</small>
      </h2>
      <div class="pictures" ref={pictures} style={beside ? { gridTemplateColumns: `1fr ${matrixWidth}px` } : {}}>
        {width > 0 && (
          <>
            <div class="maps">{children(side, scene)}</div>
            <MatrixOf transposed={transposed} width={matrixWidth} />
          </>
        )}
      </div>
      <div class="readout">
        <div class="told" aria-live="polite">
          <Readout {...told} />
        </div>
        <Longest setting={told.setting} weights={numbers.value} />
      </div>
    </section>
  );
}
