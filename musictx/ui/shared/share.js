// The end of the page's scripts: what components take from them. A component may be there before or after this.

window.musictx = Object.freeze({
  ...{ AskBack, Deck, Notes, OWN, NUDGE_S, Pick, Range, Recorder, SHOWN, CHANGED },
  ...{ bringSeed, clamp, clock, fillDefinitions, guardUploads, isBusy, isMuted, keep, lastEnd, make, noteName },
  ...{ playOnSpace, pressGenerate, pressTwice, sampler, scrollIntoSight, showTabs, takeSeeds, wireBegin, wireVolume },
});
document.dispatchEvent(new Event("musictx-ready"));
