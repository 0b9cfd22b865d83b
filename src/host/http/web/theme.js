/*
 * The theme that was chosen, before anything is painted: a classic script in the head, waited for.
 */
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('pgrunbook.theme');
  } catch { /* forbidden: as the system is */ }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
