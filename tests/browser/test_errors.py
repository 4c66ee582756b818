"""The error pages, as a browser gets them."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import Site
from tests.browser.visit import visit

pytestmark = pytest.mark.browser


def test_a_missing_page(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        response = visitor.open("/nowhere")

        assert response.status == 404
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("There is no such page")
        visitor.page.get_by_role("link", name="Go to the home page").click()
        expect(visitor.page).to_have_url(f"{site.url}/")
        assert visitor.problems_but("status of 404") == []


def test_a_broken_database(broken_site: Site, browser: Browser) -> None:
    with visit(browser, broken_site.url) as visitor:
        # The session is in the database, and so the cookie alone leads into the error.
        visitor.page.context.add_cookies(
            [{"name": "__Host-sessionid", "value": "x" * 32, "url": broken_site.url, "secure": True}]
        )
        response = visitor.open("/admin/")

        assert response.status == 500
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Something broke on our side")
        assert visitor.problems_but("status of 500") == []


def test_a_form_without_its_token(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        page = visitor.page
        visitor.open("/admin/login/")
        page.locator("[name=csrfmiddlewaretoken]").evaluate("field => field.remove()")
        page.get_by_label("Username").fill("someone")
        page.get_by_label("Password").fill("something")
        page.get_by_role("button", name="Log in").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("This form has expired")
        assert visitor.problems_but("status of 403") == []


def test_a_host_that_is_not_ours(site: Site, browser: Browser) -> None:
    other = site.url.replace("localhost", "127.0.0.1")
    with visit(browser, other) as visitor:
        response = visitor.open("/")

        assert response.status == 400
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("This request makes no sense to us")
        assert visitor.problems_but("status of 400") == []
