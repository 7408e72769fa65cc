// The address as the page writes it. Browsers allow only so many changes in a while, and arrow keys held down make
// more: Safari and Firefox throw, Chrome leaves the address as it was. Then it is tried again.

const AGAIN = 1000; // milliseconds
let later: ReturnType<typeof setTimeout>;

/** Puts the hash into the address; `step`: as a new step of the browser's history. */
export function writeHash(hash: string, step = false): void {
  clearTimeout(later);
  if (hash === location.hash) return;
  try {
    history[step ? "pushState" : "replaceState"](null, "", hash);
  } catch {
    // too many
  }
  if (hash !== location.hash) later = setTimeout(() => writeHash(hash, step), AGAIN);
}

/** Calls `read` as the address gets another hash, unless that is a place of the book's page, such as #main-content. */
export function onHash(read: () => void): void {
  addEventListener("hashchange", () => {
    if (!location.hash || location.hash.includes("=")) read();
  });
}
