"""Pages in a real browser: Debian's Chromium, driven by Playwright, judged by axe-core.

`names` lists the flows. `browser` has what all of them need, `hand` a person at a page, `world` the nodes, `flows` the list itself,
`run` runs a module of them. Whatever runs flows prints a line each and ends with "passed"; its screenshots go to the folder
COMITY_TEST_SHOTS.
"""
