// Bundles src/main.ts and src/main.css into the static files of the Django project.
//
//   node build.mjs           writes them once
//   node build.mjs --watch   writes them at each change and tells the open pages to reload
//
// The built files are committed: who only runs the project needs no Node.js. The same sources
// always give the same bytes, so a forgotten build shows as a difference in git.
//
// Environment variables: OUTDIR where to write; HOST and PORT where --watch serves its events.

import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const options = {
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: ["src/main.ts", "src/main.css"],
  outdir: process.env.OUTDIR || "../<< cookiecutter.project_slug >>/static/build",
  bundle: true,
  minify: true,
  charset: "utf8",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  logLevel: "info",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context(options);
  await context.watch();
  await context.serve({
    host: process.env.HOST || "127.0.0.1",
    port: Number(process.env.PORT || 4200),
    // The page comes from Django's port, and only pages of this machine may listen.
    cors: { origin: ["http://localhost:*", "http://127.0.0.1:*", "https://localhost:*", "https://127.0.0.1:*"] },
  });
} else {
  await esbuild.build(options);
}
