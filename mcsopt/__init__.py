"""mcsopt: how far is a heuristic's plan from the best there is, and why should anyone believe that number?"""
