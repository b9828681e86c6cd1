# Acceptance 6: pool negative corrected to positive next day: members go to held, re-collection orders open. (What downstream gets: proved where results are forwarded.)
# Proves: acceptance/6
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 negative tested 12:00 reported 13:00
result T100 positive tested 12:00 reported 09:00+1 corrected
ada held because T100
ben held because T100
ada no negative
order ada due 15:00+1
