/** Reloads the page when the development server has built the front end again. */
export function listenForChanges(): void {
  // Only the settings for development name a server here.
  const url = document.querySelector<HTMLMetaElement>('meta[name="live-reload"]')?.content;
  if (url) {
    new EventSource(new URL("/esbuild", url)).addEventListener("change", () => location.reload());
  }
}
