"""Pages in a real browser: Debian's Chromium, driven by Playwright, judged by axe-core.

`browser` has what every flow needs, `flows` the list of flows and how they are run. A script that runs flows prints a line
each and ends with "passed"; its screenshots go to the folder COMITY_TEST_SHOTS.
"""
