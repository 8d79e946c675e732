"""ecom token: identity tokens for the local query API."""

import click


@click.command()
@click.option("--customer", metavar="ID", help="A token of this customer, for the routes of /me.")
@click.option("--staff", is_flag=True, help="A token of the shop's staff.")
def token(customer: str | None, *, staff: bool) -> None:
    """Print an identity token of the local user pool, valid for an hour.

    Example: curl -H "Authorization: $(ecom token --customer 17850)" "$ECOM_API_URL/me/invoices"
    """
    from ecom_pipeline import settings
    from ecom_pipeline.local import stack, tokens

    if staff == (customer is not None):
        raise click.UsageError("give either --customer ID or --staff")
    configured = settings.load()
    if configured.environment != settings.LOCAL.environment:
        raise settings.SettingsError("local AWS only: on AWS, sign in to the user pool instead")
    stack.require(configured)
    if customer is None:
        click.echo(tokens.for_staff(configured))
    else:
        click.echo(tokens.for_customer(configured, customer))


COMMANDS = [token]
