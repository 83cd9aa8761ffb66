# SPDX-License-Identifier: EUPL-1.2
# A headless Chromium as a reader on a phone, and what it must not have met: errors, foreign hosts, barriers.
import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from support import ROOT, eventually

AXE = ("axe-core", "4.14.1", "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==")
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


def brought(*arguments):
    """Runs what brings something from npm; where that cannot be had, the tests that need it say so."""
    if not shutil.which("npm"):
        pytest.skip("npm is not here")
    run = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if "npm could not bring" in run.stderr:
        pytest.skip(run.stderr.strip())
    assert run.returncode == 0, run.stderr


def axe_script():
    brought("src/operation/npm-package.sh", *AXE, "build/axe-core", "axe.min.js")
    return (ROOT / "build/axe-core/axe.min.js").read_text()


class Browser:
    def __init__(self, driver, axe):
        self.driver, self.axe = driver, axe
        self.hosts, self.complaints, self.requests = set(), [], []

    def open(self, url):
        self.driver.get(url)

    def find(self, css):
        return self.driver.find_element("css selector", css)

    def all(self, css):
        return self.driver.find_elements("css selector", css)

    def text(self, css="body"):
        return self.find(css).text

    def click(self, css):
        element = self.find(css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type(self, css, text):
        element = self.find(css)
        element.clear()
        element.send_keys(text)

    def choose(self, css, value):
        self.driver.execute_script("const [select, value] = arguments; select.value = value;"
                                   "select.dispatchEvent(new Event('change', {bubbles: true}))", self.find(css), value)

    def shows(self, css, text=""):
        """Waits until an element has this text."""
        def shown():
            with contextlib.suppress(Exception):  # not there, or replaced while it was read
                return text in self.text(css)
        shown.__doc__ = f"{css} shows {text!r}"
        eventually(shown)

    def focused(self):
        return self.driver.switch_to.active_element

    def offline(self, offline):
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": offline, "latency": 0, "downloadThroughput": -1,
                                                                         "uploadThroughput": -1})

    def look(self):
        """Takes in what the browser has noted since the last time."""
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                request = message["params"]["request"]
                self.requests.append(request)
                url = urllib.parse.urlsplit(request["url"])
                if url.scheme not in ("data", "blob", "about", "chrome", "devtools"):
                    self.hosts.add(url.netloc)

    def forget(self):
        self.look()
        self.complaints, self.hosts, self.requests = [], set(), []

    def clean(self, *hosts, provoked=()):
        """Nothing was complained of but what the test provoked, and no other host was asked."""
        self.look()
        complaints = [one for one in self.complaints if not any(word in one for word in provoked)]
        assert not complaints, complaints
        assert self.hosts <= set(hosts), self.hosts
        self.forget()

    def barriers(self, *known):
        """Serious and critical violations that axe-core finds on this page, but for these rules."""
        self.driver.execute_script(self.axe)
        result = self.driver.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[0])")
        return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}: {one['nodes'][0].get('failureSummary')}"
                for one in result["violations"] if one["impact"] in ("serious", "critical") and one["id"] not in known]


@contextlib.contextmanager
def browsing(language="en"):
    selenium = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not here")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("there is no chromium with chromedriver here (Debian's packages: chromium chromium-driver)")
    axe = axe_script()
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    # No name but this machine's is ever resolved, whatever a browser likes to tell its maker.
    for argument in ("headless=new", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking", "disable-component-update",
                     "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1", f"lang={language}",
                     f"accept-lang={language}", *(["no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    from selenium.webdriver.chrome.service import Service
    started = selenium.Chrome(service=Service(driver), options=options)
    try:
        started.set_script_timeout(60)
        started.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        yield Browser(started, axe)
    finally:
        started.quit()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(folder):
    """A static server as anybody has one; its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def portal_for(api, folder):
    """A copy of examples/portal that asks this server, made as docs/frontend.md says."""
    folder = pathlib.Path(folder) / "portal"
    shutil.copytree(ROOT / "examples/portal", folder)
    page = folder / "index.html"
    page.write_text(page.read_text().replace("http://127.0.0.1:8080", api))
    return folder
