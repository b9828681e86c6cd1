# Acceptance 17: who was never heard of is unknown. (404 and nothing written: proved where people are read.)
# Proves: acceptance/17
scan T100 ada 08:01
eva unknown
eva no negative
eva nothing pending
no order eva
