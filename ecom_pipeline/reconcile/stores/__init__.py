"""One module a store: how it is read for comparing. None of them trusts what another one says."""
