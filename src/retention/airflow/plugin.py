"""What Airflow loads of this package: the page of reports in its navigation."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from retention.airflow.addresses import PREFIX, front_page


class Pages:
    """The pages, made when the first request comes: plugins are loaded by every process, pages served by one."""

    @cached_property
    def _app(self) -> Any:
        from retention.airflow.pages import make_app

        return make_app()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request."""
        await self._app(scope, receive, send)


class RetentionPlugin(AirflowPlugin):
    """The reports, behind Airflow's own auth."""

    name = "retention"
    # Lists and on the class, because that is where Airflow looks for them.
    fastapi_apps: list[Any] = [{"app": Pages(), "url_prefix": PREFIX, "name": "Retention reports"}]  # noqa: RUF012
    external_views: list[Any] = [  # noqa: RUF012
        {"name": "Retention", "href": front_page(), "destination": "nav", "url_route": "retention"}
    ]
