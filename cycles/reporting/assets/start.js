// What happens when the page opens.

startTheme();
startTable();
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#/")) document.title = reportTitle;
  showView();
});
const reportTitle = document.title;
showView();
startWatching();
