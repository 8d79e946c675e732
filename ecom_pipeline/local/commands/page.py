"""ecom page: the customer page."""

import click


@click.command()
@click.argument("customer")
def page(customer: str) -> None:
    """Serve the customer page over the local AWS, with a user for CUSTOMER, until Ctrl-C.

    Example: ecom page 17850
    """
    from contextlib import suppress

    from ecom_pipeline.local.signals import interruptible

    with interruptible(), suppress(KeyboardInterrupt):
        _serve(customer)


def _serve(customer: str) -> None:
    from ecom_pipeline import settings
    from ecom_pipeline.local import page, stack, tokens

    configured = settings.load()
    if configured.environment != settings.LOCAL.environment:
        raise settings.SettingsError("local AWS only; for AWS see docs/customer-page.md")
    stack.require(configured)
    name = tokens.add_customer(configured, customer)
    with page.server(configured) as server:
        click.echo(f"the customer page: {configured.page_origin}/")
        click.echo(f"sign in as {name} with the password {tokens.PASSWORD}")
        server.serve_forever()


COMMANDS = [page]
