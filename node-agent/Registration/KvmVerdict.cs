namespace Kilonova.NodeAgent.Registration;

/// <summary>Whether guests really run with KVM here, as found by running one.</summary>
/// <param name="BootID">Boot in which this was found; in another one it is found anew.</param>
/// <param name="Usable">Whether a guest's CPU ran.</param>
/// <param name="Message">What was seen.</param>
internal sealed record KvmVerdict(string BootID, bool Usable, string Message);
