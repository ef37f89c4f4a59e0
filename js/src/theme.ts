/**
 * JupyterLab, Notebook and marimo set `color-scheme` themselves, and `light-dark()` follows it. Other hosts only set a
 * class or attribute of the page. It is copied to the card's root as `data-scheme`, because a selector cannot look
 * above the card, which may be in a shadow root.
 */
export function followTheme(root: HTMLElement): () => void {
  const { body, documentElement: page } = document;
  const follow = (): void => {
    const { jpThemeLight, vscodeThemeKind } = body.dataset;
    const themes = `${body.className} ${page.className} ${vscodeThemeKind} lab-${jpThemeLight}`;
    // Light first: VS Code's light high contrast theme also has the class of the dark one.
    if (/\b(vscode-(high-contrast-)?light|lab-true)\b/.test(themes)) root.dataset.scheme = "light";
    else if (/\b(dark|vscode-high-contrast|lab-false)\b/.test(themes)) root.dataset.scheme = "dark";
    else delete root.dataset.scheme;
  };
  follow();
  const watch = new MutationObserver(follow);
  for (const node of [body, page]) watch.observe(node, { attributes: true });
  return () => watch.disconnect();
}
