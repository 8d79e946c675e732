"""The commands of the extra `local`, which cli finds by their entry point.

Importing them needs no package of the extra; running one does.
"""

from ecom_pipeline.local.commands import demo, drill, page, sample, services, token

COMMANDS = [
    command
    for module in (services, demo, drill, page, sample, token)
    for command in module.COMMANDS
]
