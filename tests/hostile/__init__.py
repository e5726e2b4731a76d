"""Programs that mean harm, one trick to a file; `suite` reads them."""
