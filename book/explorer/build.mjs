// Writes dist/: for each page a script and a style sheet to embed, and the page alone, one file with both inside.
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";

// name: of the script and the style sheet; page: of the file that stands alone; root: the element they fill, by its id;
// data: a folder to take along as dist/NAME/, whose NAME.json becomes data.js, to be loaded before the script.
const pages = [
  { name: "explorer", entry: "src/main.tsx", page: "index.html", root: "explorer",
    title: "A convolution and its transpose, to play with" },
  { name: "network", entry: "src/network/main.tsx", page: "network.html", root: "network",
    title: "What a network sees", data: "../network/data" },
];

function alone({ title, root, name, data }, script, style) {
  // A "</script" inside a string of the script would end it.
  const safe = script.replaceAll("</script", "<\\/script");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>
${style}</style>
<body class="${root}-alone">
<main id="${root}"><noscript>This page needs JavaScript.</noscript></main>
${data ? `<script src="${name}/data.js"></script>\n` : ""}<script>
${safe}</script>
</body>
</html>
`;
}

// Numbers as a script, since a page that is opened without a server may load no JSON; it knows the address of its folder.
async function take({ name, data }) {
  await rm(`dist/${name}`, { recursive: true, force: true });
  await cp(data, `dist/${name}`, { recursive: true, filter: (file) => !file.endsWith(".json") });
  const numbers = await readFile(`${data}/${name}.json`, "utf8");
  const script = `globalThis.${name}Data={base:new URL(".",document.currentScript.src).href,...${numbers.trim()}};\n`;
  await writeFile(`dist/${name}/data.js`, script);
}

await mkdir("dist", { recursive: true });
for (const page of pages) {
  const result = await build({
    entryPoints: { [page.name]: page.entry },
    outdir: "dist",
    bundle: true,
    minify: true,
    format: "iife", // a module would not load from a file that is opened without a server
    target: ["es2022"],
    legalComments: "none",
    charset: "utf8",
    logLevel: "warning",
    metafile: true,
  });
  const script = await readFile(`dist/${page.name}.js`, "utf8");
  const style = await readFile(`dist/${page.name}.css`, "utf8");
  await writeFile(`dist/${page.page}`, alone(page, script, style));
  if (page.data) await take(page);
  for (const [file, { bytes }] of Object.entries(result.metafile.outputs)) {
    console.log(`${file}  ${(bytes / 1000).toFixed(1)} kB`);
  }
}
