# Acceptance 10: lab A reports a tube whose box lab B received: flagged; a credential of A used with lab B's name: refused.
# Proves: acceptance/10
scan T100 ada 08:01
receive T100 by LB 10:00
result T100 negative tested 12:00 reported 13:00 lab LA speaking for LA
accepted
flag lab_mismatch
result T100 negative tested 12:00 reported 13:00 lab LB speaking for LA
refused lab_mismatch
