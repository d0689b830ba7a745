namespace Kilonova.Operator.Servers;

/// <summary>Names of the cells that always are.</summary>
public static class CellNames
{
    /// <summary>The cell of this API server.</summary>
    public const string Local = "local";

    /// <summary>Holds servers that no host could take.</summary>
    public const string Unplaced = "cell0";
}
