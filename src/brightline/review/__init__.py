"""People in the loop: submissions and their queue, cases, appeals, incidents, campaigns, accounts, notices."""
