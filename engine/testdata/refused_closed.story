# A live scan into a closed tube is refused; a late one is taken and flagged.
# Proves: refusal/tube_closed
scan T100 ada 08:01
close T100 08:10 members 1
no flags
scan T100 ben 08:02
refused tube_closed
late scan T100 ben 08:02
accepted
flag after_close
tube T100 holds ada ben
