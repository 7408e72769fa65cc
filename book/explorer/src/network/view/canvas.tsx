// A canvas of the photo's size, painted anew whenever it gets another painter.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Painter } from "../paint.ts";
import { page } from "../store.ts";

export function Canvas({ painter, label }: { painter: Painter; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(page.width, page.height);
    painter((pixel, ...colour) => image.data.set(colour, 4 * pixel));
    context.putImageData(image, 0, 0);
  }, [painter]);
  const role = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": "true" as const };
  return <canvas ref={canvas} width={page.width} height={page.height} {...role} />;
}
