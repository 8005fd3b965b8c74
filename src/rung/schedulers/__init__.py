"""Schedulers: rules that hand out jobs. One file per family; each follows its paper."""
