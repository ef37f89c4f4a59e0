/**
 * JupyterLab, Notebook and marimo set `color-scheme` themselves, and `light-dark()` follows it. Other hosts say it by a
 * class or attribute of the page only; it is copied to the card's root as `data-scheme`, because a selector may not
 * look above the card (it can stand in a shadow root).
 */
export function followTheme(root: HTMLElement): () => void {
  const { body, documentElement: page } = document;
  const follow = (): void => {
    const kind = `${body.className} ${body.dataset.vscodeThemeKind ?? ""}`;
    const lab = body.dataset.jpThemeLight;
    const dark =
      /\bvscode-(dark|high-contrast)(?!-light)\b/.test(kind) ||
      lab === "false" ||
      page.classList.contains("dark");
    const light = /\bvscode-(light|high-contrast-light)\b/.test(kind) || lab === "true";
    if (dark || light) root.dataset.scheme = dark ? "dark" : "light";
    else delete root.dataset.scheme;
  };
  follow();
  const watch = new MutationObserver(follow);
  const what = {
    attributes: true,
    attributeFilter: ["class", "data-jp-theme-light", "data-vscode-theme-kind"],
  };
  watch.observe(body, what);
  watch.observe(page, what);
  return () => watch.disconnect();
}
