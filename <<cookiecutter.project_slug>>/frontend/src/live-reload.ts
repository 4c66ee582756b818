/** Reloads the page when the development server has built the front end again. */
export function listenForChanges(): void {
  // Only the settings for development name an address here.
  const url = document.querySelector<HTMLMetaElement>('meta[name="live-reload"]')?.content;
  if (url) {
    new EventSource(url).addEventListener("change", () => location.reload());
  }
}
