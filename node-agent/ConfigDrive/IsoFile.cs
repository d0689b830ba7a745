namespace Kilonova.NodeAgent.ConfigDrive;

/// <summary>A file of a volume.</summary>
/// <param name="Path">Where it is, with <c>/</c> between names.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record IsoFile(string Path, byte[] Content);
