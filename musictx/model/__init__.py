"""Token ids to logits: the network and its checkpoints; knows Keras, nothing of MIDI.

Shape letters used in this folder:

    B batch    T query positions    S key positions    H heads    K head size
    D width    V vocabulary         L window (rows of E)    N blocks
"""
