"""NeuPart: where to cut a network between phone and cloud so that the phone spends least energy."""
