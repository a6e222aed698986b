"""The sample shop: Ball & Thread, a fictional British shop for home, gifts and workshop.

A dataset in Clew's own format (``products.jsonl``, ``interactions.csv``, ``dataset.toml``), the
answers a careful reader would give about each product (``gold.jsonl``), and the simulator that
made the shoppers (`kg.sample.simulate`, with their habits in ``shoppers.toml``). ``README.md``
here tells the rest. Nothing is read on import; `kg.catalog.sample_path` says where it lies.
"""
