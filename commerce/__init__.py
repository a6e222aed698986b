"""What a shop does with graph and model: demand, stock, the product page."""

from commerce.demand import Demand, forecast
from commerce.product_page import ProductPage, product_page

__all__ = ["Demand", "ProductPage", "forecast", "product_page"]
