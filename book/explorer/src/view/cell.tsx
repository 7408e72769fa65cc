// One cell of a map. Where numbers can be put in, a second click or a digit opens it for writing.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Choice } from "../address.ts";
import type { Kind } from "../maps.ts";
import { MOST, written } from "../settings.ts";
import { choose, chosen, pointed, put } from "../store.ts";
import { same } from "./map.tsx";

/** What is written in a cell, with something smaller below it. */
export interface Look {
  readonly text: ComponentChildren;
  readonly below?: ComponentChildren;
  readonly entry?: number; // of the kernel, whose colour the cell has
  readonly said?: string; // for a screen reader
  readonly blind?: boolean; // no window reaches it
  readonly value?: number; // what writing begins with
}

interface CellProps {
  readonly at: string;
  readonly kind: Kind;
  readonly look: Look;
  readonly choice: Choice | null;
  readonly isNow: boolean;
  readonly inGrid: boolean; // whether the keyboard and a screen reader go through the map
  readonly tab: number | undefined;
  readonly writes: boolean; // whether a number can be written into it
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onWritten: (key: string) => void;
}

export function Cell({ at, kind, look, choice, isNow, inGrid, tab, writes, onKeyDown, onWritten }: CellProps) {
  const open = useSignal<string | null>(null); // what stands in the cell while it is written into
  const again = useRef(false); // whether a press lands on the cell that is chosen already
  const entry = look.entry ? ` entry w${look.entry}` : "";

  function onKey(event: KeyboardEvent) {
    const browsers = event.altKey || event.ctrlKey || event.metaKey; // Alt+Left goes back
    if (open.value !== null || browsers) return;
    const digit = /^[-\d.]$/.test(event.key);
    if (writes && (digit || event.key === "Enter" || event.key === "F2")) {
      open.value = digit ? event.key : String(look.value ?? 0);
      event.preventDefault();
    } else onKeyDown(event);
  }

  function close(text: string | null, key: string) {
    open.value = null;
    const value = written(text ?? "");
    if (choice && writes && !Number.isNaN(value)) put(choice, value);
    if (key) onWritten(key);
  }

  return (
    <div
      role={inGrid ? "gridcell" : undefined}
      class={`cell ${kind}${entry}${isNow ? " now" : ""}${choice ? " there" : ""}${look.blind ? " blind" : ""}`}
      data-at={at}
      data-entry={look.entry || undefined}
      aria-label={inGrid ? look.said : undefined}
      aria-selected={inGrid ? isNow : undefined}
      aria-readonly={inGrid && choice ? !writes : undefined}
      tabIndex={tab}
      onPointerEnter={(event) => {
        if (event.pointerType !== "touch") pointed.value = choice;
      }}
      onPointerDown={() => (again.current = same(choice, chosen.value))}
      onClick={() => {
        if (!choice || open.value !== null) return;
        choose(choice);
        if (writes && again.current) open.value = String(look.value ?? 0);
      }}
      onFocus={() => choice && inGrid && choose(choice)}
      onKeyDown={onKey}
    >
      {open.value === null ? (
        <>
          <span class="text" style={fitted(look.text, 3.7)}>
            {look.text}
          </span>
          {look.below !== undefined && (
            <span class="below">
              <span style={fitted(look.below, 5.1)}>{look.below}</span>
            </span>
          )}
        </>
      ) : (
        <Writing text={open.value} typed={open.value !== String(look.value)} said={look.said} close={close} />
      )}
    </div>
  );
}

/** A smaller font for what is longer than there is room for, in letters. */
function fitted(text: ComponentChildren, room: number) {
  return typeof text === "string" && text.length > room ? { fontSize: `${room / text.length}em` } : undefined;
}

/** The field while a number is written: Enter or going elsewhere takes it, Escape leaves the old one.

It has no inputMode: the keyboards for numbers of some phones have no minus. */
function Writing(props: {
  text: string;
  typed: boolean; // whether the text is a key that was pressed, to go on from
  said: string | undefined;
  close: (text: string | null, key: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useLayoutEffect(() => {
    // Before the next key comes: it goes on after what was typed, or replaces what was there.
    field.current?.focus();
    field.current?.setSelectionRange(props.typed ? props.text.length : 0, props.text.length);
  }, []);
  const close = (text: string | null, key: string) => {
    if (!done.current) props.close(text, key);
    done.current = true;
  };
  return (
    <input
      ref={field}
      class="writing"
      aria-label={`a number for ${props.said ?? "this cell"}`}
      defaultValue={props.text}
      onInput={(event) => event.currentTarget.setCustomValidity("")}
      onBlur={(event) => close(event.currentTarget.value, "")}
      onKeyDown={(event) => {
        event.stopPropagation();
        const { value } = event.currentTarget;
        if (event.key === "Enter" && Number.isNaN(written(value))) {
          event.currentTarget.setCustomValidity(`Give a number from \u2212${MOST} to ${MOST}`);
          event.currentTarget.reportValidity();
        } else if (event.key === "Enter") close(value, "Enter");
        if (event.key === "Escape") close(null, "Escape");
      }}
    />
  );
}
