# Acceptance 12: collected = tested = reported is a result like any other. (Stamps without offset, across midnight, in the future: proved where items are read.)
# Proves: acceptance/12
any order
scan T100 ada 12:00
result T100 negative tested 12:00 reported 12:00
ada negative
ada since 12:00
