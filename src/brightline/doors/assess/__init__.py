"""An endpoint is asked over the network, and what came of it is shown, checked against policy and recorded."""
